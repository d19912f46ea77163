namespace BlazeGateway.Policies.Clients;

/// <summary>
/// Who sent a request, as far as limits and queues are concerned: the holder of a key, else whoever is behind an address. Holds neither the key nor the address.
/// </summary>
/// <param name="Id">Tells clients apart: a keyed hash of the name or the address. Differs between processes.</param>
/// <param name="Name">Configured name, null for a client known by its address only.</param>
/// <param name="Band">Highest priority its requests may have.</param>
/// <param name="Share">Weight among the clients of its band.</param>
internal readonly record struct Client(ulong Id, string? Name, PriorityBand Band, int Share);
