using System.ComponentModel.DataAnnotations;

namespace BlazeGateway.Policies;

/// <summary>How clients are told apart and which of them are known.</summary>
public sealed record ClientsOptions
{
    /// <summary>
    /// Keys of known clients, by client name (1 to 64 of <c>A-Z a-z 0-9 . _ -</c>), which is what logs show. Default: empty, every client is told apart by its address.
    /// </summary>
    public Dictionary<string, ClientKeyOptions> Keys { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether every request must carry one of <see cref="Keys"/>; else 401 <c>missing_api_key</c>. A route may say otherwise. Default: false.</summary>
    public bool RequireKey { get; init; }

    /// <summary>
    /// Addresses and ranges (<c>10.0.0.0/8</c>) of proxies in front of the gateway whose <c>X-Forwarded-For</c> is believed.
    /// Default: empty, a client's address is that of its connection.
    /// </summary>
    public List<string> KnownProxies { get; init; } = [];
}

/// <summary>The key of one client, and what the client is entitled to.</summary>
public sealed record ClientKeyOptions
{
    /// <summary>SHA-256 of the key, 64 hexadecimal digits; <c>blaze key new</c> prints it. The key itself is kept nowhere.</summary>
    [Required]
    [RegularExpression("^[0-9A-Fa-f]{64}$", ErrorMessage = "it must be a SHA-256 in 64 hexadecimal digits, as 'blaze key new' prints it")]
    public string KeyHash { get; init; } = "";

    /// <summary>Priority when requests have to wait or are shed: <c>critical</c>, <c>standard</c> or <c>batch</c>. Default: <c>standard</c>, as for clients without a key.</summary>
    [AllowedValues(PriorityBands.Critical, PriorityBands.Standard, PriorityBands.Batch)]
    public string Band { get; init; } = PriorityBands.Standard;

    /// <summary>Weight among the clients of the same band when requests have to wait. Default: 1, as for clients without a key.</summary>
    [Range(1, 1000)]
    public int Share { get; init; } = 1;
}

/// <summary>Names of the priority bands, highest first.</summary>
public static class PriorityBands
{
    /// <summary>Served first, shed last.</summary>
    public const string Critical = "critical";

    /// <summary>What a client is unless it is given another.</summary>
    public const string Standard = "standard";

    /// <summary>Served last, shed first.</summary>
    public const string Batch = "batch";
}
