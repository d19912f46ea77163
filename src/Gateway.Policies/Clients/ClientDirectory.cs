using System.Buffers.Binary;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Clients;

/// <summary>Every client there is: those that hold a key, and everybody else by address. Keeps nothing per address, so there may be any number of them.</summary>
internal sealed class ClientDirectory
{
    /// <summary>Bytes of chance needed.</summary>
    public const int SecretLength = 2 * KeyedHash.SecretLength;

    private readonly KeyedHash _ids;
    private readonly AddressRange[] _proxies;

    /// <param name="options">Keys and known proxies.</param>
    /// <param name="secret"><see cref="SecretLength"/> random bytes, so that ids tell nothing about addresses and nobody can choose who shares theirs.</param>
    /// <exception cref="FormatException">A hash, a band or a range is none.</exception>
    public ClientDirectory(ClientsOptions options, ReadOnlySpan<byte> secret)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secret.Length, SecretLength);
        _ids = new KeyedHash(secret[..KeyedHash.SecretLength]);
        _proxies = [.. options.KnownProxies.Select(Range)];
        Keys = new ClientKeys(
            options.Keys.Select(pair => KeyValuePair.Create(KeyHash.Parse(pair.Value.KeyHash), Named(pair.Key, pair.Value))),
            new KeyedHash(secret[KeyedHash.SecretLength..]));
        RequiresKey = options.RequireKey;
    }

    /// <summary>Holders of keys.</summary>
    public ClientKeys Keys { get; }

    /// <summary>Whether a request must carry a key where its route does not say.</summary>
    public bool RequiresKey { get; }

    /// <summary>The client behind the address a request came from.</summary>
    public Client ByAddress(HttpContext http)
    {
        var address = AddressNumber.Of(http.Connection.RemoteIpAddress);
        if (_proxies.Length != 0)
        {
            address = ForwardedAddress.Resolve(address, http.Request.Headers[ForwardedAddress.Header], _proxies);
        }

        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, AddressNumber.ClientPart(address));
        return new Client((ulong)_ids.Compute(bytes), null, PriorityBand.Standard, 1);
    }

    /// <summary>What a request asks for within what its client is entitled to.</summary>
    public RequestFlow FlowOf(IHeaderDictionary headers, in Client client) => RequestFlow.Read(headers, client, _ids);

    private Client Named(string name, ClientKeyOptions options)
    {
        var id = (ulong)_ids.Compute(Encoding.UTF8.GetBytes("name/" + name));
        return PriorityBandNames.TryParse(options.Band, out var band)
            ? new Client(id, name, band, options.Share)
            : throw new FormatException($"Band '{options.Band}' of client '{name}' is none of critical, standard and batch.");
    }

    private static AddressRange Range(string text) =>
        AddressRange.TryParse(text, out var range) ? range : throw new FormatException($"Known proxy '{text}' is no address and no range such as 10.0.0.0/8.");
}
