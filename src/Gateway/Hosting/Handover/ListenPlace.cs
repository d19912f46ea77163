using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Options;

namespace BlazeGateway.Hosting.Handover;

/// <summary>Where is listened.</summary>
/// <param name="Address">The address.</param>
/// <param name="Descriptor">Descriptor of a socket that listens there already; null to open one.</param>
internal sealed record ListenPlace(ListenAddress Address, int? Descriptor = null)
{
    /// <summary>The places of clients: the sockets handed over for them, or else the addresses configured. Addresses that are no default must be those of the sockets.</summary>
    /// <exception cref="CannotBindException">The addresses and the sockets contradict each other.</exception>
    public static IReadOnlyList<ListenPlace> OfProxy(ProxyOptions options, IReadOnlyList<HandedSocket> handed) =>
        Match(ListenAddress.ParseAll(options.Urls, "Proxy:Urls (--urls)"), options.Urls == new ProxyOptions().Urls, [.. handed.Where(static socket => !socket.IsAdmin)], "Proxy:Urls");

    /// <summary>The place of operators.</summary>
    /// <exception cref="CannotBindException">The address and the socket contradict each other, or the socket can be reached from elsewhere and no token is asked for.</exception>
    public static ListenPlace OfAdmin(AdminOptions options, IReadOnlyList<HandedSocket> handed)
    {
        var configured = ListenAddress.Parse(options.Url, "Admin:Url (--admin-url)");
        var place = Match([configured], options.Url == new AdminOptions().Url, [.. handed.Where(static socket => socket.IsAdmin)], "Admin:Url").Single();
        return place.Descriptor is null || place.Address.IsLoopback || options.Tokens.Count > 0
            ? place
            : throw new CannotBindException(
                $"The socket handed over for operators listens at {handed.Single(static socket => socket.IsAdmin).Address}, which other machines can reach, and there is no token under Admin:Tokens. "
                + "Let it listen at a loopback address (ListenStream=127.0.0.1:8090), or make a token with 'blaze token new'.",
                null);
    }

    private static List<ListenPlace> Match(IReadOnlyList<ListenAddress> configured, bool isDefault, IReadOnlyList<HandedSocket> handed, string key)
    {
        if (handed.Count == 0)
        {
            return [.. configured.Select(static address => new ListenPlace(address))];
        }

        var left = configured.ToList();
        var places = new List<ListenPlace>();
        foreach (var socket in handed)
        {
            var address = new ListenAddress(IsHttps: false, socket.Address.Address, IsLocalhost: false, socket.Address.Port);
            var match = left.Find(address.Overlaps) ?? left.Find(static address => address.Port == 0);
            if (match is null && !isDefault)
            {
                throw Contradiction(key, configured, handed, $"none of them listens at {socket.Address}");
            }

            left.Remove(match!);
            places.Add(new ListenPlace(address with { IsHttps = match?.IsHttps == true }, socket.Descriptor));
        }

        return isDefault || left.Count == 0
            ? places
            : throw Contradiction(key, configured, handed, $"no socket listens at {left[0].Reachable(left[0].Port)}");
    }

    private static CannotBindException Contradiction(string key, IReadOnlyList<ListenAddress> configured, IReadOnlyList<HandedSocket> handed, string which) => new(
        $"{key} is '{string.Join(';', configured.Select(static address => address.Reachable(address.Port).ToString().TrimEnd('/')))}', but the sockets handed over listen at "
        + $"{string.Join(", ", handed.Select(static socket => socket.Address))}: {which}. Leave {key} out, which means those of the sockets, or make them agree.",
        null);
}
