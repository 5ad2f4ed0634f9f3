//! Talking with clients: providers, conversations, delivery.
