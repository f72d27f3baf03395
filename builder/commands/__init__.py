"""One verb of the command line a module: parse, call, print.

``VERBS`` says where each is, and what the list of commands says of it: its module is imported when
it runs. The summary is the first line of the command's docstring; a test holds them equal.
"""

VERBS = {
    "init": ("init:init", "Make a repository of your own, or bring one up to date."),
    "environment": (
        "environment:environment",
        "List environments, add one, or promote one to another.",
    ),
    "vendor": ("vendor:vendor", "Bring a base's charts into the repository, locked by digest."),
    "secrets": ("secrets:secrets", "Put references to Secrets in the place of credentials."),
    "airgap": ("airgap:airgap", "Write the patches that point what leaves the network inside."),
    "lock": ("lock:lock", "Lock what every image of the closure is, by digest."),
    "upgrade": ("upgrade:upgrade", "Move an environment to another version of a nested chart."),
    "build": ("build:build", "Build a bundle, and prove that nothing in it leaves the network."),
    "diff": ("diff:diff", "Show what publishing would change, and what is dangerous in it."),
    "report": ("report:report", "Write one HTML page that tells all of a build."),
    "publish": ("publish:publish", "Build environments, and commit their bundles to Git."),
    "sync": ("sync:sync", "Print the objects that make an engine sync the bundles."),
    "images": ("images:images", "List every image that the cluster will pull."),
    "explain": ("explain:explain", "Tell where an image stands, and what made it."),
    "mirror": ("mirror:mirror", "Bring what an environment needs into its network."),
    "doctor": ("doctor:doctor", "Check that everything is there that a bundle needs."),
    "attest": ("attest:attest", "State what a bundle was built from, and sign that."),
    "verify": ("verify:verify", "Check that a bundle is what was built."),
    "sbom": ("sbom:sbom", "Print a bundle's charts and images as a bill of materials."),
    "schema": (
        "schema:schema",
        "Print the JSON Schema of a file that you write, for your editor.",
    ),
    "completion": (
        "completion:completion",
        "Print what makes your shell complete commands, options and names.",
    ),
    "man": ("man:man", "Write manual pages: one for each command."),
}
