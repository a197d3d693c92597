"""Files for shared tasks and leaderboards: written so that they are accepted, and checked before they are sent."""
