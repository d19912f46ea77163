using System.Net;
using System.Security.Cryptography;
using System.Text;
using BlazeGateway.Policies.Clients;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Tests.Clients;

public sealed class ClientRuleTests
{
    private const string Red = "blaze-red";
    private const string Blue = "blaze-blue";

    private static readonly byte[] Secret = [.. Enumerable.Range(1, ClientDirectory.SecretLength).Select(i => (byte)i)];

    /// <summary>Headers as <c>name: value</c>, with | between; who it is, or the code of the refusal, on a route where keys end and on one that passes them on.</summary>
    [Theory]
    [InlineData("nothing", "", "address", "address")]
    [InlineData("bearer", "Authorization: Bearer blaze-red", "red", "red")]
    [InlineData("lower case", "Authorization: bearer blaze-red", "red", "red")]
    [InlineData("upper case", "Authorization: BEARER blaze-red", "red", "red")]
    [InlineData("spaces", "Authorization:   Bearer    blaze-red  ", "red", "red")]
    [InlineData("x-api-key", "x-api-key: blaze-red", "red", "red")]
    [InlineData("api-key", "Api-Key: blaze-red", "red", "red")]
    [InlineData("empty bearer", "Authorization: Bearer ", "address", "address")]
    [InlineData("bare scheme", "Authorization: Bearer", "address", "address")]
    [InlineData("empty key", "x-api-key: ", "address", "address")]
    [InlineData("another scheme", "Authorization: Basic cmVkOnJlZA==", "address", "address")]
    [InlineData("no scheme", "Authorization: blaze-red", "address", "address")]
    [InlineData("scheme without a space", "Authorization: Bearerblaze-red", "address", "address")]
    [InlineData("tab after the scheme", "Authorization: Bearer\tblaze-red", "address", "address")]
    [InlineData("bearer in the wrong header", "x-api-key: Bearer blaze-red", "invalid_api_key", "address")]
    [InlineData("unknown", "Authorization: Bearer other", "invalid_api_key", "address")]
    [InlineData("two words", "Authorization: Bearer blaze-red blaze-red", "invalid_api_key", "address")]
    [InlineData("list", "Authorization: Bearer blaze-red, Bearer blaze-blue", "invalid_api_key", "address")]
    [InlineData("not ASCII", "x-api-key: blaze-réd", "invalid_api_key", "address")]
    [InlineData("one key twice", "Authorization: Bearer blaze-red|x-api-key: blaze-red", "red", "red")]
    [InlineData("empty and key", "Authorization: Bearer |x-api-key: blaze-red", "red", "red")]
    [InlineData("basic and key", "Authorization: Basic x|api-key: blaze-red", "red", "red")]
    [InlineData("two clients", "Authorization: Bearer blaze-red|x-api-key: blaze-blue", "ambiguous_api_key", "ambiguous_api_key")]
    [InlineData("known and unknown", "Authorization: Bearer blaze-red|x-api-key: other", "ambiguous_api_key", "red")]
    [InlineData("unknown and known", "Authorization: Bearer other|api-key: blaze-blue", "ambiguous_api_key", "blue")]
    [InlineData("two unknown", "Authorization: Bearer other|x-api-key: another", "invalid_api_key", "address")]
    [InlineData("one header twice", "x-api-key: blaze-red|x-api-key: blaze-red", "ambiguous_api_key", "ambiguous_api_key")]
    public void The_key_tells_who_it_is(string what, string headers, string ending, string passed)
    {
        Assert.Equal((what, ending), (what, Outcome(Directory(), headers, requiresKey: false, keysEndHere: true)));
        Assert.Equal((what, passed), (what, Outcome(Directory(), headers, requiresKey: false, keysEndHere: false)));
    }

    [Theory]
    [InlineData("", "missing_api_key")]
    [InlineData("Authorization: Bearer ", "missing_api_key")]
    [InlineData("Authorization: Basic cmVkOnJlZA==", "missing_api_key")]
    [InlineData("x-api-key: other", "invalid_api_key")]
    [InlineData("x-api-key: blaze-red", "red")]
    public void A_route_can_require_a_key(string headers, string expected)
    {
        Assert.Equal(expected, Outcome(Directory(), headers, requiresKey: true, keysEndHere: true));
        Assert.Equal(expected, Outcome(Directory(), headers, requiresKey: true, keysEndHere: false));
    }

    [Fact]
    public void A_key_of_ten_kilobytes_is_wrong_and_not_hashed() =>
        Assert.Equal("invalid_api_key", Outcome(Directory(), "x-api-key: " + new string('k', 10 * 1024), requiresKey: false, keysEndHere: true));

    [Theory]
    [InlineData("Authorization: Bearer whatever")]
    [InlineData("Authorization: Bearer a|x-api-key: b")]
    public void Without_configured_keys_none_is_looked_at(string headers) =>
        Assert.Equal("address", Outcome(new ClientDirectory(new ClientsOptions(), Secret), headers, requiresKey: false, keysEndHere: true));

    [Fact]
    public void A_required_key_that_nobody_has_lets_nobody_in()
    {
        var directory = new ClientDirectory(new ClientsOptions(), Secret);
        Assert.Equal("missing_api_key", Outcome(directory, "", requiresKey: true, keysEndHere: true));
        Assert.Equal("invalid_api_key", Outcome(directory, "x-api-key: k", requiresKey: true, keysEndHere: true));
    }

    [Theory]
    [InlineData("Authorization: Bearer blaze-red|x-api-key: other", KeyHeaders.Authorization)]
    [InlineData("api-key: blaze-red|x-api-key: other", KeyHeaders.ApiKey)]
    [InlineData("x-api-key: blaze-red|Authorization: Bearer blaze-red", KeyHeaders.Authorization | KeyHeaders.XApiKey)]
    [InlineData("x-api-key: other", KeyHeaders.None)]
    public void Headers_with_a_key_of_ours_are_named(string headers, object expected)
    {
        new ClientRule(Directory(), requiresKey: false, keysEndHere: false).Identify(Request(headers), out _, out var carriers);
        Assert.Equal(expected, carriers);
    }

    [Fact]
    public void Band_and_share_are_the_configured_ones()
    {
        var directory = Directory();
        Assert.True(directory.Keys.TryFind(Red, out var red));
        Assert.Equal((PriorityBand.Critical, 5), (red.Band, red.Share));
        var stranger = directory.ByAddress(Request(""));
        Assert.Equal((PriorityBand.Standard, 1, null), (stranger.Band, stranger.Share, stranger.Name));
        Assert.NotEqual(stranger.Id, red.Id);
    }

    [Fact]
    public void Ten_thousand_forged_addresses_from_one_are_one_client()
    {
        var directory = new ClientDirectory(new ClientsOptions { KnownProxies = ["10.0.0.0/8"] }, Secret);
        var rule = new ClientRule(directory, requiresKey: false, keysEndHere: true);
        var seen = new HashSet<ulong>();
        var random = new Random(1);
        foreach (var peer in new[] { "192.0.2.1", "10.0.0.1" })
        {
            seen.Clear();
            for (var i = 0; i < 10_000; i++)
            {
                // A known proxy adds the address it saw behind whatever the client sent.
                var forged = new IPAddress(random.Next()) + (peer == "10.0.0.1" ? ", 192.0.2.1" : "");
                rule.Identify(Request("X-Forwarded-For: " + forged, peer), out var client, out _);
                seen.Add(client.Id);
            }

            Assert.Single(seen);
        }
    }

    [Fact]
    public void All_addresses_of_one_network_are_one_client()
    {
        var rule = new ClientRule(new ClientDirectory(new ClientsOptions(), Secret), requiresKey: false, keysEndHere: true);
        var seen = new HashSet<ulong>();
        for (var i = 0; i < 65_000; i++)
        {
            rule.Identify(Request("", $"2001:db8:1:2:{i:x}::1"), out var client, out _);
            seen.Add(client.Id);
        }

        Assert.Single(seen);
    }

    [Fact]
    public void Ids_differ_from_process_to_process_and_tell_nothing_of_the_address()
    {
        var one = new ClientDirectory(new ClientsOptions(), Secret).ByAddress(Request("")).Id;
        var other = new ClientDirectory(new ClientsOptions(), [.. Secret.Reverse()]).ByAddress(Request("")).Id;
        Assert.NotEqual(one, other);
    }

    [Fact]
    public void A_connection_without_an_address_is_a_client_too()
    {
        var http = new DefaultHttpContext();
        Assert.Null(http.Connection.RemoteIpAddress);
        Assert.NotEqual(0UL, new ClientDirectory(new ClientsOptions(), Secret).ByAddress(http).Id);
    }

    [Theory]
    [InlineData("by address", "")]
    [InlineData("by address behind proxies", "X-Forwarded-For: nonsense, 198.51.100.7, 2001:db8::7, 10.0.0.2")]
    [InlineData("by bearer", "Authorization: Bearer blaze-red")]
    [InlineData("by x-api-key", "x-api-key: blaze-red")]
    [InlineData("wrong key", "api-key: other")]
    [InlineData("two keys", "Authorization: Bearer blaze-red|api-key: other")]
    [InlineData("objective", "x-gateway-inference-objective: batch|x-gateway-inference-fairness-id: flow-1")]
    public void Telling_who_it_is_allocates_nothing(string what, string headers)
    {
        var directory = Directory("10.0.0.0/8", "2001:db8::/32");
        var rule = new ClientRule(directory, requiresKey: false, keysEndHere: true);
        var http = Request(headers, "10.0.0.1");
        Identify();

        // Code that is compiled anew while it runs may allocate once, so one of three rounds has to show nothing.
        Assert.Equal((what, 0), (what, new[] { Identify(), Identify(), Identify() }.Min()));

        long Identify()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                rule.Identify(http, out var client, out _);
                rule.FlowOf(http.Request.Headers, client);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private static ClientDirectory Directory(params string[] proxies) => new(
        new ClientsOptions
        {
            Keys =
            {
                ["red"] = new ClientKeyOptions { KeyHash = Hash(Red), Band = PriorityBands.Critical, Share = 5 },
                ["blue"] = new ClientKeyOptions { KeyHash = Hash(Blue).ToLowerInvariant(), Band = PriorityBands.Batch },
            },
            KnownProxies = [.. proxies],
        },
        Secret);

    private static string Hash(string key) => Convert.ToHexString(SHA256.HashData(Encoding.ASCII.GetBytes(key)));

    private static string Outcome(ClientDirectory directory, string headers, bool requiresKey, bool keysEndHere)
    {
        var error = new ClientRule(directory, requiresKey, keysEndHere).Identify(Request(headers), out var client, out _);
        if (error is not null)
        {
            Assert.Null(client.Name);
        }

        return error?.Code ?? client.Name ?? "address";
    }

    private static DefaultHttpContext Request(string headers, string peer = "192.0.2.1")
    {
        var http = new DefaultHttpContext();
        http.Connection.RemoteIpAddress = IPAddress.Parse(peer);
        foreach (var line in headers.Split('|', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var name = line[..colon];
            http.Request.Headers[name] = Microsoft.Extensions.Primitives.StringValues.Concat(http.Request.Headers[name], line[(colon + 1)..].TrimStart(' '));
        }

        return http;
    }
}
