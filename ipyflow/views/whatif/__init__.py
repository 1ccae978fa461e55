"""What if there were more workers, or fewer: a finished run is played again with other numbers of them."""
