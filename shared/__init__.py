"""What two processes agree on, and the ground all stand on. Imports nothing of `node`, `loadbalancer` or `compose`."""
