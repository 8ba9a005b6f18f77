"""Links: every connection between two parts of a cluster runs through a relay of ours, so that a fault is a setting.

One relay program serves all links of a cluster: `balancer->node-1`, `node-1->postgres`, `node-1->redis` and so on. The
name says who dials whom; bytes that travel along the arrow go *out*, bytes against it come *in*.

- In the relay program: `app` wires it, `link` is one listening port with its target and its fault, `connection` splices
  two sockets, `stages` is what a fault does to the bytes of one direction, `frames` finds messages in what Redis says,
  `operator` is the door through which faults are set.
- Outside: `plan` decides which links a cluster has, and `panel` sets and heals faults.
- `faults/` holds one fault a file: its settings, and what it does to a connection. To add one, write the file and enter
  it in `faults.KINDS`.

A relay of TCP connections can do less than a bad network: it neither loses single packets nor stays silent to somebody
who wants to connect. What it swallows is missing from the stream, so a connection that lost bytes is reset when the
fault is healed; no connection ever goes on with a hole in it.
"""
