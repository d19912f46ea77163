namespace BlazeGateway.Configuration.Checks;

/// <summary>Warns when a file that holds credentials in plain text can be read by every user of the machine.</summary>
internal static class PermissionCheck
{
    public static void Check(ConfigurationSources sources, ConfigurationNode root, ConfigurationErrors errors)
    {
        var open = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (path, _) in ConfigurationContent.Paths(sources))
        {
            if (!OperatingSystem.IsWindows() && File.Exists(path) && File.GetUnixFileMode(path).HasFlag(UnixFileMode.OtherRead))
            {
                open.Add(sources.Show(path));
            }
        }

        if (open.Count > 0)
        {
            Walk(root, KeyPath.Root, open, errors);
        }
    }

    private static void Walk(ConfigurationNode node, KeyPath path, HashSet<string> open, ConfigurationErrors errors)
    {
        foreach (var member in node.Members)
        {
            var inner = path.Then(member.Key);
            if (member.Node.IsContainer)
            {
                Walk(member.Node, inner, open, errors);
            }
            else if (member.Node is { Kind: NodeKind.String, Secret: false } && MaskedView.IsSecret(inner) && open.Contains(member.Node.Place.File))
            {
                errors.Warn(
                    member.Node.Place,
                    inner,
                    $"'{member.Key}' is a secret in a file that every user can read; write ${{secret:NAME}} or ${{env:NAME}}, or take the file's read permission from others.");
            }
        }
    }
}
