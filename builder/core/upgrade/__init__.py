"""Moving an environment to another version of a chart: the texts that change, what to review."""
