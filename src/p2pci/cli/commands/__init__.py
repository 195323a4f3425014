"""The commands: options in, exit code out. What a command does is imported when it is called."""
