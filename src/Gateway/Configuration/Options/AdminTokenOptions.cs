using System.ComponentModel.DataAnnotations;

namespace BlazeGateway.Configuration.Options;

/// <summary>A token that opens the admin plane. Only its hash is known here.</summary>
internal sealed record AdminTokenOptions
{
    /// <summary>SHA-256 of the token's text, 64 hexadecimal digits. Required.</summary>
    [Required]
    [RegularExpression("^[0-9a-fA-F]{64}$", ErrorMessage = "it must be a SHA-256 in 64 hexadecimal digits, as 'blaze token new' prints it")]
    public string Hash { get; init; } = "";

    /// <summary>What its holder may do: <c>viewer</c> reads, <c>operator</c> also acts, <c>admin</c> also does what exposes data or settings. Default: <c>viewer</c>.</summary>
    [AllowedValues("viewer", "operator", "admin")]
    public string Role { get; init; } = "viewer";

    /// <summary>When it ceases to be valid, such as <c>2027-01-31T00:00:00Z</c>. Default: null, never.</summary>
    public DateTimeOffset? Expires { get; init; }
}
