using System.CommandLine;

namespace BlazeGateway.CommandLine;

/// <summary>The token that verbs send to a running gateway.</summary>
internal static class AdminToken
{
    /// <summary>Variable that holds it; other users of the machine cannot see it there.</summary>
    public const string Variable = "BLAZE_ADMIN_TOKEN";

    /// <summary>The option, for a verb whose caller has to be a <paramref name="role"/>.</summary>
    public static Option<string?> Option(string role) => new("--token")
    {
        Description = $"Token of {role}, if the gateway asks for one. Better given as variable {Variable}, which other users of the machine cannot see.",
    };

    /// <summary>A client that sends it; null, after telling why, when it cannot be a token.</summary>
    public static async Task<HttpClient?> ClientAsync(string? option, TimeSpan patience)
    {
        // No proxy and no redirect: neither may see the token.
        var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = patience };
        if ((option ?? Environment.GetEnvironmentVariable(Variable)) is not { Length: > 0 } token
            || client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {token}"))
        {
            return client;
        }

        client.Dispose();
        await Console.Error.WriteLineAsync($"The token given by --token or {Variable} holds a line break, which no token does; give it without.");
        return null;
    }
}
