//! What happens by itself: triggers, robots, engine, schedule.
