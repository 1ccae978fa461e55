"""What make and the build backend run; nothing here is packed into a wheel."""
