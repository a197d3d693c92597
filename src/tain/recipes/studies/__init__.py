"""Studies: many trainings and measurements that answer one question, as one table."""
