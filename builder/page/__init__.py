"""What a build came to, as one HTML file: for people who would rather look than read."""
