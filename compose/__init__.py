"""The cluster from outside: start it, break it, watch it, judge it. Talks to the programs over HTTP only."""
