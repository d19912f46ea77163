using BlazeGateway.Configuration.Options;
using BlazeGateway.Configuration.Strict;

namespace BlazeGateway.Configuration.Checks;

/// <summary>
/// Addresses that are listened on, and who may use the operators' one: what other machines can reach asks for a token, or nothing starts.
/// </summary>
internal sealed class ListenerCheck(ConfigurationNode root, ConfigurationErrors errors)
{
    /// <summary>Most tokens; each request is compared with all of them.</summary>
    internal const int MaxTokens = 256;

    /// <summary>Names in the audit log that stand for callers without a token.</summary>
    internal static readonly string[] ReservedNames = ["local", "anonymous"];

    private static readonly KeyPath ProxyUrls = KeyPath.Of(nameof(ProcessOptions.Proxy), nameof(ProxyOptions.Urls));
    private static readonly KeyPath Admin = KeyPath.Of(nameof(ProcessOptions.Admin));
    private static readonly KeyPath AdminUrl = Admin.Then(nameof(AdminOptions.Url));
    private static readonly KeyPath Tokens = Admin.Then(nameof(AdminOptions.Tokens));

    public void Check()
    {
        var options = TreeBinder.Bind<ProcessOptions>(root, RootShape.Instance);
        var proxy = Addresses(ProxyUrls, "Proxy:Urls (--urls)", options.Proxy.Urls);
        if (Addresses(AdminUrl, "Admin:Url (--admin-url)", options.Admin.Url) is [var admin])
        {
            CheckExposure(admin, options.Admin);
            CheckApart(admin, proxy ?? [], options);
        }

        CheckTokens(options.Admin.Tokens);
        CheckNames(nameof(AdminOptions.AllowedHosts), options.Admin.AllowedHosts, IsHost, "a host name or address without scheme and port, such as gateway.example.com");
        CheckNames(nameof(AdminOptions.AllowedOrigins), options.Admin.AllowedOrigins, IsOrigin, "scheme, host and port as browsers send them, such as https://gateway.example.com");
    }

    private IReadOnlyList<ListenAddress>? Addresses(KeyPath path, string setting, string urls)
    {
        try
        {
            return ListenAddress.ParseAll(urls, setting);
        }
        catch (FormatException exception)
        {
            errors.Add(root.PlaceOf(path), path, exception.Message);
            return null;
        }
    }

    private void CheckApart(ListenAddress admin, IReadOnlyList<ListenAddress> proxy, ProcessOptions options)
    {
        if (proxy.Any(admin.Overlaps))
        {
            var path = root.Find(AdminUrl) is null ? ProxyUrls : AdminUrl;
            errors.Add(
                root.PlaceOf(path),
                path,
                $"Admin:Url is '{options.Admin.Url}', which Proxy:Urls '{options.Proxy.Urls}' takes too; operators have an address of their own. "
                + "Give one of them another port, such as --admin-url http://127.0.0.1:8091.");
        }

        for (var i = 1; i < proxy.Count; i++)
        {
            if (proxy.Take(i).Any(proxy[i].Overlaps))
            {
                errors.Add(root.PlaceOf(ProxyUrls), ProxyUrls, $"Proxy:Urls is '{options.Proxy.Urls}', which takes port {proxy[i].Port} twice; remove one of the two addresses, or give it another port.");
            }
        }
    }

    private void CheckExposure(ListenAddress address, AdminOptions options)
    {
        if (address.IsLoopback)
        {
            return;
        }

        if (options.Tokens.Count == 0)
        {
            errors.Add(
                root.PlaceOf(AdminUrl),
                AdminUrl,
                $"Admin:Url is '{options.Url}', which other machines can reach, and there is no token under Admin:Tokens, so everybody could read and change this gateway. "
                + "Either run 'blaze token new --name NAME --role admin' and put what it prints into appsettings.json, "
                + "or keep it on this machine with 'blaze run --admin-url http://127.0.0.1:8090'.");
        }
        else if (!address.IsHttps)
        {
            errors.Warn(
                root.PlaceOf(AdminUrl),
                AdminUrl,
                $"Admin:Url is '{options.Url}', where tokens travel unencrypted; use https:// with Proxy:Certificate, or a tunnel to a loopback address.");
        }
    }

    private void CheckTokens(Dictionary<string, AdminTokenOptions> tokens)
    {
        if (tokens.Count > MaxTokens)
        {
            errors.Add(root.PlaceOf(Tokens), Tokens, $"There are {tokens.Count} tokens; at most {MaxTokens} are allowed, remove those nobody uses.");
        }

        var seen = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, token) in tokens)
        {
            var path = Tokens.Then(name);
            if (NameFault(name) is { } fault)
            {
                errors.Add(root.PlaceOf(path), path, fault);
            }

            if (!seen.TryAdd(token.Hash, name))
            {
                errors.Add(root.PlaceOf(path), path, $"Tokens '{seen[token.Hash]}' and '{name}' are the same token; make one for each with 'blaze token new', or remove one.");
            }
        }
    }

    /// <summary>Why <paramref name="name"/> cannot be the name of a token, or null when it can.</summary>
    public static string? NameFault(string name) =>
        !MapShape.IsIdentifier(name)
            ? $"'{(name.Length <= 80 ? name : name[..80] + "…")}' cannot be the name of a token; a name has 1 to 64 characters of A-Z a-z 0-9 . _ -"
            : ReservedNames.Contains(name, StringComparer.OrdinalIgnoreCase)
                ? $"'{name}' cannot be the name of a token; the audit log calls callers without a token so. Choose another."
                : null;

    private void CheckNames(string key, List<string> names, Predicate<string> isValid, string rule)
    {
        for (var i = 0; i < names.Count; i++)
        {
            if (!isValid(names[i]))
            {
                var path = Admin.Then(key).Then(i);
                errors.Add(root.PlaceOf(path), path, $"'{names[i]}' under Admin:{key} matches no request; write {rule}.");
            }
        }
    }

    private static bool IsHost(string name) => Uri.CheckHostName(name) is not (UriHostNameType.Unknown or UriHostNameType.Basic);

    private static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https")
        && string.Equals(uri.GetLeftPart(UriPartial.Authority), text, StringComparison.OrdinalIgnoreCase) && uri.UserInfo.Length == 0;
}
