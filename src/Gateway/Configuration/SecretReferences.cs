using System.Text.RegularExpressions;

namespace BlazeGateway.Configuration;

/// <summary>
/// Puts secrets where values refer to them: <c>${secret:NAME}</c> is the content of the file NAME in the directory of secrets,
/// <c>${env:NAME}</c> is an environment variable.
/// </summary>
internal sealed partial class SecretReferences(ConfigurationSources sources, ConfigurationContent content, ConfigurationErrors errors)
{
    /// <summary>Whether a value refers to something.</summary>
    public static bool IsIn(string value) => value.Contains("${", StringComparison.Ordinal) && Reference().IsMatch(value);

    public ConfigurationNode Resolve(ConfigurationNode node, KeyPath path)
    {
        if (node.IsContainer)
        {
            for (var i = 0; i < node.Members.Count; i++)
            {
                var member = node.Members[i];
                node.Members[i] = member with { Node = Resolve(member.Node, path.Then(member.Key)) };
            }

            return node;
        }

        if (node.Value is null || node.Kind != NodeKind.String || !node.Value.Contains("${", StringComparison.Ordinal))
        {
            return node;
        }

        var value = Reference().Replace(node.Value, match => Lookup(match, node.Place, path));
        return value == node.Value ? node : new ConfigurationNode(NodeKind.String, value, node.Place) { FromJson = node.FromJson, Secret = true, Referred = true };
    }

    private string Lookup(Match match, Place place, KeyPath path)
    {
        var name = match.Groups["name"].Value;
        if (match.Groups["kind"].Value == "env")
        {
            var variable = sources.Variables.FirstOrDefault(pair => pair.Key == name);
            if (variable.Key is not null)
            {
                return variable.Value;
            }

            errors.Add(place, path, $"'{path.Key}' refers to the environment variable {name}, which is not set.");
        }
        else if (content.Secrets.TryGetValue(name, out var secret))
        {
            return secret;
        }
        else
        {
            var where = sources.SecretsDirectory is null ? "no directory of secrets is set (Secrets:Directory)" : $"there is no file {name} in {sources.SecretsDirectory}";
            errors.Add(place, path, $"'{path.Key}' refers to the secret {name}, but {where}.", Strict.Spelling.Nearest(name, content.Secrets.Keys));
        }

        return match.Value;
    }

    [GeneratedRegex(@"\$\{(?<kind>secret|env):(?<name>[A-Za-z0-9._-]{1,128})\}", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, Timeout.Infinite)]
    private static partial Regex Reference();
}
