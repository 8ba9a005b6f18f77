"""The cluster from outside: start it, break it, steer its policy time. Talks to nodes and balancer over HTTP only."""
