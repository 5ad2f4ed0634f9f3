//! The binary vekha: configuration, wiring, worker, server, command line.
