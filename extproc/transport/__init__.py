"""The only code that speaks ext_proc: messages to events, commands to messages, and the servers."""

import os

# Read when grpc is first imported. Without it every child process draws a warning to stderr.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
