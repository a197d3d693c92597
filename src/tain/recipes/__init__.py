"""What each verb does, one file per verb, without a word about flags or rendering."""
