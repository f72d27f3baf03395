"""Many environments at once: which, in what order, by whom, and what came of each."""
