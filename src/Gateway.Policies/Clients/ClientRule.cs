using BlazeGateway.Policies.Inference;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Clients;

/// <summary>How one route tells its clients apart. Compiled with the route's plan.</summary>
/// <param name="directory">Who there is.</param>
/// <param name="requiresKey">Whether a request must carry a known key.</param>
/// <param name="keysEndHere">
/// Whether keys are meant for the gateway alone, so that one it does not know is wrong. Where credentials go on to the destination it may be the destination's.
/// </param>
internal sealed class ClientRule(ClientDirectory directory, bool requiresKey, bool keysEndHere)
{
    private readonly bool _readsKeys = requiresKey || directory.Keys.Count > 0;

    /// <summary>Tells who sent a request; an error when it is to be refused, for which <paramref name="client"/> is the one behind the address.</summary>
    /// <param name="http">The request.</param>
    /// <param name="client">Who sent it.</param>
    /// <param name="carriers">Headers that carry a key of the gateway's own, which must not leave it.</param>
    public GatewayError? Identify(HttpContext http, out Client client, out KeyHeaders carriers)
    {
        carriers = KeyHeaders.None;
        if (!_readsKeys)
        {
            client = directory.ByAddress(http);
            return null;
        }

        var seen = Look(http.Request.Headers);
        carriers = seen.Known;
        if (seen is { Known: not KeyHeaders.None, IsAmbiguous: false } && !(keysEndHere && seen.Unknown != KeyHeaders.None))
        {
            client = seen.Client;
            return null;
        }

        client = directory.ByAddress(http);
        if (seen.IsAmbiguous || seen.Known != KeyHeaders.None)
        {
            return GatewayError.AmbiguousApiKey;
        }

        return seen.Unknown == KeyHeaders.None
            ? requiresKey ? GatewayError.MissingApiKey : null
            : requiresKey || keysEndHere ? GatewayError.InvalidApiKey : null;
    }

    /// <summary>What a request asks for within what its client is entitled to.</summary>
    public RequestFlow FlowOf(IHeaderDictionary headers, in Client client) => directory.FlowOf(headers, client);

    private Findings Look(IHeaderDictionary headers)
    {
        var seen = default(Findings);
        for (var header = KeyHeaders.Authorization; header <= KeyHeaders.ApiKey; header = (KeyHeaders)((int)header << 1))
        {
            var key = PresentedKey.Read(headers, header);
            if (key.IsRepeated)
            {
                seen.IsAmbiguous = true;
            }
            else if (!key.Value.IsEmpty)
            {
                seen.Add(header, directory.Keys.TryFind(key.Value, out var client), client);
            }
        }

        return seen;
    }

    private struct Findings
    {
        public KeyHeaders Known;
        public KeyHeaders Unknown;
        public Client Client;
        public bool IsAmbiguous;

        public void Add(KeyHeaders header, bool isKnown, in Client client)
        {
            if (!isKnown)
            {
                Unknown |= header;
                return;
            }

            IsAmbiguous |= Known != KeyHeaders.None && Client.Id != client.Id;
            Known |= header;
            Client = client;
        }
    }
}
