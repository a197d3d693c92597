"""Many LoRA adapters over one network: rows of all of them in one pass, each with its own change and head."""
