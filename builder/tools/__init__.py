"""One outside program or service a module, all of them through :mod:`builder.tools.command`."""
