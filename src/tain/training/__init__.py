"""From a prepared Backbone and tokenised texts to a Classifier folder, resumable at any moment."""
