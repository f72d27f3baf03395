"""Values in, values out: nothing in here opens a file, a process or a socket."""
