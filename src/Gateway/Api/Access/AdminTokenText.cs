using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace BlazeGateway.Api.Access;

/// <summary>The text of an admin token, which its holder keeps, and the hash, which the configuration keeps.</summary>
internal static class AdminTokenText
{
    /// <summary>Longer texts are no token and not looked at.</summary>
    public const int MaxLength = 256;

    private const string Prefix = "blaze-admin-";
    private const int RandomBytes = 32;

    /// <summary>A new token of 256 random bits. So many that its hash needs neither salt nor slowness: nobody can try them all.</summary>
    public static string Create() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));

    /// <summary>SHA-256 of the text in UTF-8.</summary>
    public static byte[] HashOf(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
