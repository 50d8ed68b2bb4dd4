"""Tables on object storage, hubs and web servers. Nothing but the address that the user named is asked for."""
