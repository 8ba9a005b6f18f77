"""How the balancer learns which nodes there are: `following` keeps the fleet in step with one `source`."""

from loadbalancer.discovery.following import Following
from loadbalancer.discovery.source import Sightings, Source, StaticList, choose_source

__all__ = ["Following", "Sightings", "Source", "StaticList", "choose_source"]
