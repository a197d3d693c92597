"""What requests and answers look like, a file for each manner of asking."""
