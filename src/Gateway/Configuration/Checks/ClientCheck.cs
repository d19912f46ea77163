using BlazeGateway.Configuration.Strict;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Clients;

namespace BlazeGateway.Configuration.Checks;

/// <summary>Clients: names that can stand in logs, one client per key, ranges that are ranges, and a key for every route that asks for one.</summary>
internal sealed class ClientCheck(ConfigurationNode root, RoutesSnapshot snapshot, ConfigurationErrors errors)
{
    private static readonly KeyPath Section = KeyPath.Of("Clients");
    private static readonly KeyPath KeysPath = Section.Then(nameof(ClientsOptions.Keys));

    public void Check()
    {
        var section = root.Find(Section);
        var keys = section?[nameof(ClientsOptions.Keys)]?.Members.Where(static key => key.Node.Kind != NodeKind.Null).ToArray() ?? [];
        CheckKeys(keys);
        CheckProxies(section?[nameof(ClientsOptions.KnownProxies)]);
        if (keys.Length > 0)
        {
            return;
        }

        if (bool.TryParse(section?[nameof(ClientsOptions.RequireKey)]?.Value, out var required) && required)
        {
            Add(Section.Then(nameof(ClientsOptions.RequireKey)), "RequireKey is true, but Clients.Keys is empty, so every request would be refused; 'blaze key new' prints a key and its entry.");
        }

        foreach (var route in snapshot.Routes.Where(static route => ExtensionsCarrier.Read(route).RequireKey == true))
        {
            Add(
                RoutesReader.RoutesPath.Then(route.RouteId).Then("Extensions").Then(nameof(RouteExtensions.RequireKey)),
                $"Route '{route.RouteId}' requires a key, but Clients.Keys is empty, so every request would be refused; 'blaze key new' prints a key and its entry.");
        }
    }

    /// <summary>Why <paramref name="name"/> cannot be the name of a client, or null when it can.</summary>
    public static string? NameFault(string name) =>
        MapShape.IsIdentifier(name)
            ? null
            : $"'{(name.Length <= 80 ? name : name[..80] + "…")}' cannot be the name of a client; a name has 1 to 64 characters of A-Z a-z 0-9 . _ -";

    private void CheckKeys(IEnumerable<ConfigurationMember> keys)
    {
        var seen = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, _, key) in keys)
        {
            var path = KeysPath.Then(name);
            if (NameFault(name) is { } fault)
            {
                Add(path, fault);
            }

            if (key[nameof(ClientKeyOptions.KeyHash)]?.Value is { } hash && !seen.TryAdd(hash, name))
            {
                Add(path.Then(nameof(ClientKeyOptions.KeyHash)), $"Clients '{seen[hash]}' and '{name}' have the same KeyHash, so a request could not be told whose it is; give each its own key.");
            }
        }
    }

    private void CheckProxies(ConfigurationNode? proxies)
    {
        foreach (var (index, _, proxy) in proxies?.Members ?? [])
        {
            var path = KeyPath.Of("Clients", nameof(ClientsOptions.KnownProxies)).Then(int.Parse(index, System.Globalization.CultureInfo.InvariantCulture));
            if (!AddressRange.TryParse(proxy.Value, out var range))
            {
                Add(path, $"Known proxy '{proxy.Value}' is neither an address nor a range; write one such as 10.0.0.5, 10.0.0.0/8 or fd00::/8.");
            }
            else if (range.IsEverything)
            {
                errors.Warn(root.PlaceOf(path), path, $"Known proxy '{proxy.Value}' holds every address, so every client may say what its address is; name your proxies.");
            }
        }
    }

    private void Add(KeyPath path, string message) => errors.Add(root.PlaceOf(path), path, message);
}
