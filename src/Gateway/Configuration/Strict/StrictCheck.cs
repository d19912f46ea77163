
namespace BlazeGateway.Configuration.Strict;

/// <summary>Compares nodes with a shape: unknown keys, wrong kinds, broken rules, missing members, in every nested object and map.</summary>
internal sealed class StrictCheck(ConfigurationErrors errors)
{
    private const int ShownValueLength = 80;

    /// <summary>Keys people look for under <c>Extensions</c> because other gateways, and later versions, have them. A test keeps out what exists.</summary>
    internal static readonly HashSet<string> NotYet = new(StringComparer.OrdinalIgnoreCase)
    {
        "RequestsPerMinute", "TokensPerMinute", "RequestsPerSecond", "RateLimit", "Hedging", "Cache",
    };

    public void Check(ConfigurationNode node, Shape shape, KeyPath path)
    {
        if (node.Kind == NodeKind.Null)
        {
            return;
        }

        switch (shape)
        {
            case ObjectShape expected:
                CheckObject(node, expected, path);
                break;
            case MapShape expected:
                CheckMap(node, expected, path);
                break;
            case ListShape expected:
                CheckList(node, expected, path);
                break;
            case ScalarShape expected:
                CheckScalar(node, expected, path);
                break;
        }
    }

    /// <summary>Checks the values that stand in place of references.</summary>
    public void CheckReferred(ConfigurationNode node, Shape shape, KeyPath path)
    {
        foreach (var member in node.Members)
        {
            if (Inner(shape, member.Key) is { } inner)
            {
                CheckReferred(member.Node, inner, path.Then(member.Key));
            }
        }

        if (node.Referred && shape is ScalarShape scalar)
        {
            CheckScalar(node, scalar, path);
        }
    }

    /// <summary>Reports members that must be there and are not. Only the merged configuration knows, since any layer may give them.</summary>
    public void CheckRequired(ConfigurationNode node, Shape shape, KeyPath path)
    {
        foreach (var member in node.Members)
        {
            if (Inner(shape, member.Key) is { } inner)
            {
                CheckRequired(member.Node, inner, path.Then(member.Key));
            }
        }

        if (shape is ObjectShape { Members: var members } && node.Kind == NodeKind.Object)
        {
            foreach (var member in members.Values.Where(member => member.Required && (node[member.Name] is null or { Kind: NodeKind.Null })))
            {
                errors.Add(node.Place, path, $"'{member.Name}' is missing.");
            }
        }
    }

    private static Shape? Inner(Shape shape, string key) => shape switch
    {
        ObjectShape expected => expected.Members.GetValueOrDefault(key)?.Shape,
        MapShape expected => expected.Value,
        ListShape expected => expected.Item,
        _ => null,
    };

    private void CheckObject(ConfigurationNode node, ObjectShape shape, KeyPath path)
    {
        if (node.Kind != NodeKind.Object)
        {
            errors.Add(node.Place, path, $"'{path.Key}' must be an object, not {Describe(node)}.");
            return;
        }

        CheckSameIgnoringCase(node, path);
        foreach (var (key, keyPlace, value) in node.Members)
        {
            var memberPath = path.Then(key);
            if (!shape.Members.TryGetValue(key, out var member))
            {
                ReportUnknown(key, keyPlace, memberPath, shape);
                continue;
            }

            if (node.FromJson && !string.Equals(key, member.Name, StringComparison.Ordinal))
            {
                errors.Warn(keyPlace, memberPath, $"'{key}' is read as '{member.Name}'; write it so.");
            }

            Check(value, member.Shape, memberPath);
        }
    }

    private void ReportUnknown(string key, Place place, KeyPath path, ObjectShape shape)
    {
        var suggestion = Spelling.Nearest(key, shape.Members.Keys);
        if ((suggestion is null || KeyHome.IsExtension(path)) && KeyHome.Of(path) is { } home)
        {
            errors.Add(place, path, $"Unknown key '{key}' here: '{key}' belongs to {home}.");
            return;
        }

        var known = suggestion is null ? $" Known here: {string.Join(", ", shape.Members.Values.Select(static member => member.Name))}." : "";
        var isLater = suggestion is null && NotYet.Contains(key) && path.Keys().Contains("Extensions", StringComparer.OrdinalIgnoreCase);
        errors.Add(place, path, isLater ? $"'{key}' is not in this version.{known}" : $"Unknown key '{key}'.{known}", suggestion);
    }

    private void CheckMap(ConfigurationNode node, MapShape shape, KeyPath path)
    {
        if (node.Kind != NodeKind.Object)
        {
            errors.Add(node.Place, path, $"'{path.Key}' must be an object, not {Describe(node)}.");
            return;
        }

        if (!shape.CaseSensitive)
        {
            CheckSameIgnoringCase(node, path);
        }

        foreach (var (key, keyPlace, value) in node.Members)
        {
            if (shape.Identifiers && !MapShape.IsIdentifier(key))
            {
                errors.Add(keyPlace, path.Then(key), $"'{Shorten(key)}' cannot be an id; an id has 1 to 64 characters of A-Z a-z 0-9 . _ -");
            }

            Check(value, shape.Value, path.Then(key));
        }
    }

    private void CheckSameIgnoringCase(ConfigurationNode node, KeyPath path)
    {
        var seen = new Dictionary<string, ConfigurationMember>(StringComparer.OrdinalIgnoreCase);
        foreach (var member in node.Members)
        {
            if (!seen.TryAdd(member.Key, member))
            {
                var first = seen[member.Key];
                errors.Add(
                    member.KeyPlace,
                    path.Then(member.Key),
                    $"'{member.Key}' appears twice in the same object, first as '{first.Key}' on line {first.KeyPlace.Line}; upper and lower case are the same here.");
            }
        }
    }

    private void CheckList(ConfigurationNode node, ListShape shape, KeyPath path)
    {
        var numbered = !node.FromJson && node.Kind == NodeKind.Object && node.Members.TrueForAll(static member => member.Key.All(char.IsAsciiDigit));
        if (node.Kind != NodeKind.Array && !numbered)
        {
            errors.Add(node.Place, path, $"'{path.Key}' must be an array, not {Describe(node)}.");
            return;
        }

        foreach (var item in node.Members)
        {
            if (item.Node.Kind == NodeKind.Null)
            {
                errors.Add(item.Node.Place, path.Then(item.Key), $"'{path.Key}' holds a null; remove it.");
            }

            Check(item.Node, shape.Item, path.Then(item.Key));
        }
    }

    private void CheckScalar(ConfigurationNode node, ScalarShape shape, KeyPath path)
    {
        if (node.IsContainer)
        {
            errors.Add(node.Place, path, $"'{path.Key}' is {Describe(node)}; {shape.Rule}.");
            return;
        }

        if (shape.MayRefer && !node.Referred && node.Kind == NodeKind.String && SecretReferences.IsIn(node.Value!))
        {
            return;
        }

        var textual = shape.Kind is ScalarKind.Text or ScalarKind.Duration or ScalarKind.Moment;
        if (!shape.Accepts(node.Value!) || (textual && node.FromJson && node.Kind != NodeKind.String))
        {
            var shown = node.Secret || MaskedView.IsMasked(path) ? "***" : Shorten(node.Value!);
            var rule = node.Kind != NodeKind.String && shape.Accepts(node.Value!) ? "it must be text, in quotation marks" : shape.Rule;
            errors.Add(node.Place, path, $"'{path.Key}' is {(node.Kind == NodeKind.String ? $"\"{shown}\"" : shown)}; {rule}.", Meant(node, shape));
            return;
        }

        if (!textual && node.FromJson && node.Kind == NodeKind.String)
        {
            errors.Warn(node.Place, path, $"'{path.Key}' is written as text; write {node.Value} without quotation marks.");
        }
        else if (node.FromJson && shape.Values is not null && !shape.Values.Contains(node.Value, StringComparer.Ordinal))
        {
            var exact = shape.Values.First(value => string.Equals(value, node.Value, StringComparison.OrdinalIgnoreCase));
            errors.Warn(node.Place, path, $"'{path.Key}' is \"{node.Value}\"; write \"{exact}\".");
        }
    }

    private static string? Meant(ConfigurationNode node, ScalarShape shape) =>
        shape.Values is null || node.Secret ? null : Spelling.Nearest(node.Value!, shape.Values);

    /// <summary>Whether values under this key are secret wherever it stands.</summary>
    internal static bool IsSecretKey(string key) =>
        key.Contains("password", StringComparison.OrdinalIgnoreCase) || key.Contains("secret", StringComparison.OrdinalIgnoreCase)
        || key.EndsWith("ApiKey", StringComparison.OrdinalIgnoreCase);

    private static string Describe(ConfigurationNode node) => node.Kind switch
    {
        NodeKind.Object => "an object",
        NodeKind.Array => "an array",
        NodeKind.String => "text",
        NodeKind.Number => "a number",
        _ => "true or false",
    };

    private static string Shorten(string value) => value.Length <= ShownValueLength ? value : value[..ShownValueLength] + "…";
}
