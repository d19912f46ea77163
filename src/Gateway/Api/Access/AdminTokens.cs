using System.Security.Cryptography;
using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Options;

namespace BlazeGateway.Api.Access;

/// <summary>Who calls.</summary>
/// <param name="Name">Name of the token; <c>local</c> when no token is asked for.</param>
/// <param name="Role">What the caller may do.</param>
internal sealed record AdminCaller(string Name, AdminRole Role);

/// <summary>
/// The tokens that open the admin plane. Once one was configured, or other machines can reach the listener, tokens are asked for until the process ends:
/// taking the last one away locks everybody out and lets nobody in.
/// </summary>
internal sealed class AdminTokens
{
    /// <summary>Who calls from this machine when no token is asked for.</summary>
    public static readonly AdminCaller Local = new("local", AdminRole.Admin);

    private readonly TimeProvider _time;
    private volatile Known _known;

    public AdminTokens(AdminOptions options, TimeProvider time)
    {
        _time = time;
        _known = new([], !ListenAddress.Parse(options.Url, "Admin:Url").IsLoopback);
        Replace(options.Tokens);
    }

    /// <summary>Whether a caller needs one.</summary>
    public bool AreRequired => _known.AreRequired;

    /// <summary>Takes these in place of those known so far. Called by one thread at a time.</summary>
    public void Replace(IReadOnlyDictionary<string, AdminTokenOptions> tokens) => _known = new(
        [.. tokens.Select(pair => new Token(
            Convert.FromHexString(pair.Value.Hash), new AdminCaller(pair.Key, Enum.Parse<AdminRole>(pair.Value.Role, ignoreCase: true)), pair.Value.Expires))],
        _known.AreRequired || tokens.Count > 0);

    /// <summary>Whose token <paramref name="text"/> is; null, and why, when it opens nothing. Takes as long whichever token it is, or none.</summary>
    public AdminCaller? Find(string text, out AdminError? error)
    {
        error = AdminError.TokenInvalid;
        if (text.Length is 0 or > AdminTokenText.MaxLength)
        {
            return null;
        }

        var hash = AdminTokenText.HashOf(text);
        Token? found = null;
        foreach (var token in _known.Tokens)
        {
            found = CryptographicOperations.FixedTimeEquals(hash, token.Hash) ? token : found;
        }

        if (found?.Expires <= _time.GetUtcNow())
        {
            error = AdminError.TokenExpired;
            return null;
        }

        error = found is null ? error : null;
        return found?.Caller;
    }

    private sealed record Token(byte[] Hash, AdminCaller Caller, DateTimeOffset? Expires);

    private sealed record Known(Token[] Tokens, bool AreRequired);
}
