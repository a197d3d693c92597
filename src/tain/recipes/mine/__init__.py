"""Hard-negative mining with mirrors: one loop that keeps a round only when it helped texts that were never mined."""
