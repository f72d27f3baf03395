"""Charts in many styles, written for the tests, and tiny source repositories that carry them."""
