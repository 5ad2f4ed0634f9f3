//! The only outgoing sockets: HTTP and SMTP.
