"""What the documentation says, held against the code: examples, links, reference pages."""
