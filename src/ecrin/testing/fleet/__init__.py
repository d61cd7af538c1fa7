"""Thousands of simulated devices in one process that follow an app's channel over real HTTP.

    plan = Plan(app_id="com.example.notes", devices=1000, seed=7, every=5.0)
    async with Fleet(plan, ("127.0.0.1", 9099)) as fleet:
        ...                                          publish 1.1.0
        await fleet.until(lambda: fleet.share("1.1.0") == 1.0, within=60)
    fleet.curve("1.1.0").reached(0.95)               seconds from its first install

A device checks, downloads, installs, fails, goes back and reports as `@capgo/capacitor-updater` 8.51 does (protocol
sheet §2, §3); everything that chance decides is drawn from the seed. `device` is pure, `shell` has the network.
"""

from ecrin.testing.fleet.curve import Curve
from ecrin.testing.fleet.plan import Network, Plan
from ecrin.testing.fleet.shell import Fleet

__all__ = ["Curve", "Fleet", "Network", "Plan"]
