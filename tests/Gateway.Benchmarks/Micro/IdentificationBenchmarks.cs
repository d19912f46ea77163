using System.Net;
using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Clients;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Benchmarks.Micro;

/// <summary>What telling a client costs. Promised: ≤ 300 ns and 0 B for a known key or an address (medians); a key seen for the first time, or a wrong one, costs a SHA-256 more.</summary>
[MemoryDiagnoser]
[MedianColumn]
[InProcess]
[WarmupCount(3)]
[IterationCount(15)]
[IterationTime(50)]
public class IdentificationBenchmarks
{
    private const string Key = "blaze-2mWvTq0c9Jx7s1YkHh3uNpLr5fAeZoBd8gXiKtVwQyM";

    private ClientRule _rule = null!;
    private DefaultHttpContext _http = null!;

    /// <summary>What the request carries, and what the gateway knows.</summary>
    [Params("address, no keys", "IPv6, no keys", "address, 100 keys", "known proxies", "bearer", "x-api-key", "api-key", "wrong key")]
    public string Request { get; set; } = "";

    /// <summary>Builds the request and the directory.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var options = new ClientsOptions { KnownProxies = Request == "known proxies" ? ["10.0.0.0/8", "fd00::/8"] : [] };
        if (Request is not ("address, no keys" or "IPv6, no keys" or "known proxies"))
        {
            for (var i = 0; i < 100; i++)
            {
                options.Keys["client-" + i] = new ClientKeyOptions { KeyHash = Convert.ToHexString(SHA256.HashData(Encoding.ASCII.GetBytes(i == 50 ? Key : Key + i))) };
            }
        }

        _rule = new ClientRule(new ClientDirectory(options, RandomNumberGenerator.GetBytes(ClientDirectory.SecretLength)), requiresKey: false, keysEndHere: true);
        _http = new DefaultHttpContext();
        _http.Connection.RemoteIpAddress = IPAddress.Parse(Request.StartsWith("IPv6", StringComparison.Ordinal) ? "2001:db8::1" : "10.0.0.1");
        _http.Request.Headers.Accept = "application/json";
        _http.Request.Headers["x-stainless-lang"] = "python";
        var (name, value) = Request switch
        {
            "bearer" => ("Authorization", "Bearer " + Key),
            "x-api-key" => ("x-api-key", Key),
            "api-key" => ("api-key", Key),
            "wrong key" => ("Authorization", "Bearer " + Key + "x"),
            "known proxies" => ("X-Forwarded-For", "203.0.113.9, 198.51.100.7, 10.0.0.2"),
            _ => ("User-Agent", "bench"),
        };
        _http.Request.Headers[name] = value;
    }

    /// <summary>Who is it.</summary>
    [Benchmark]
    public bool Identify() => _rule.Identify(_http, out _, out _) is null;
}
