using BlazeGateway.Configuration.Strict;
using Serilog;
using Serilog.Events;

namespace BlazeGateway.Configuration.Checks;

/// <summary>
/// Section <c>Serilog</c>, which its library reads when the process starts: it passes over keys it does not know, and ends the process at a level it does not know.
/// </summary>
internal sealed class LoggingCheck(ConfigurationNode root, ConfigurationErrors errors)
{
    private const string Default = "Default";
    private const string Override = "Override";
    private const string ControlledBy = "ControlledBy";

    private static readonly KeyPath Section = KeyPath.Of("Serilog");
    private static readonly KeyPath MinimumLevel = Section.Then("MinimumLevel");
    private static readonly string[] Levels = Enum.GetNames<LogEventLevel>();

    private static readonly string[] Known =
        ["MinimumLevel", "WriteTo", "Enrich", "Filter", "Properties", "Destructure", "Using", "AuditTo", "LevelSwitches", "FilterSwitches"];

    // Targets are opened by being configured; they wait for the start.
    private static readonly string[] Targets = ["WriteTo", "AuditTo"];

    public void Check()
    {
        if (root.Find(Section) is not { Kind: not NodeKind.Null } section)
        {
            return;
        }

        var before = errors.All.Count;
        if (IsObject(section, Section))
        {
            CheckKeys(section, Section, Known);
            CheckLevels();
        }

        if (errors.All.Count == before)
        {
            CheckTogether();
        }
    }

    /// <summary>Says that the library refuses the section.</summary>
    public void Refused(Exception exception) => errors.Add(
        root.PlaceOf(Section), Section, $"The section is refused by Serilog: {exception.GetBaseException().Message.ReplaceLineEndings(" ")}");

    private void CheckLevels()
    {
        if (root.Find(MinimumLevel) is not { Kind: not NodeKind.Null } minimum)
        {
            return;
        }

        if (!minimum.IsContainer)
        {
            CheckLevel(minimum, MinimumLevel, mayBeSwitch: false);
            return;
        }

        CheckKeys(minimum, MinimumLevel, [Default, Override, ControlledBy]);
        if (minimum[Default] is { } standard)
        {
            CheckLevel(standard, MinimumLevel.Then(Default), mayBeSwitch: false);
        }

        if (minimum[Override] is { Kind: not NodeKind.Null } overrides && IsObject(overrides, MinimumLevel.Then(Override)))
        {
            foreach (var (source, _, level) in overrides.Members)
            {
                CheckLevel(level, MinimumLevel.Then(Override).Then(source), mayBeSwitch: true);
            }
        }
    }

    private bool IsObject(ConfigurationNode node, KeyPath path)
    {
        if (node.Kind != NodeKind.Object)
        {
            errors.Add(root.PlaceOf(path), path, $"'{path.Key}' must be an object.");
        }

        return node.Kind == NodeKind.Object;
    }

    private void CheckKeys(ConfigurationNode node, KeyPath path, string[] known)
    {
        foreach (var (key, place, _) in node.Members.Where(member => !known.Contains(member.Key, StringComparer.OrdinalIgnoreCase)))
        {
            var meant = Spelling.Nearest(key, known);
            errors.Add(place, path.Then(key), $"Unknown key '{key}'.{(meant is null ? $" Known here: {string.Join(", ", known)}." : "")}", meant);
        }
    }

    private void CheckLevel(ConfigurationNode node, KeyPath path, bool mayBeSwitch)
    {
        if (node.Kind == NodeKind.Null || Levels.Contains(node.Value, StringComparer.OrdinalIgnoreCase) || (mayBeSwitch && IsSwitch(node.Value)))
        {
            return;
        }

        var value = node.IsContainer ? $"'{path.Key}' is no level" : $"'{path.Key}' is \"{node.Value}\"";
        errors.Add(root.PlaceOf(path), path, $"{value}; it must be one of {string.Join(", ", Levels)}.", node.IsContainer ? null : Spelling.Nearest(node.Value!, Levels));
    }

    private bool IsSwitch(string? name) =>
        name is not null && root.Find(Section.Then("LevelSwitches")) is { } switches
        && switches.Members.Exists(member => string.Equals(member.Key.TrimStart('$'), name.TrimStart('$'), StringComparison.OrdinalIgnoreCase));

    private void CheckTogether()
    {
        try
        {
            var keys = TreeBinder.Flatten(root).Where(static pair => !Array.Exists(Targets, target => pair.Key.StartsWith($"Serilog:{target}", StringComparison.OrdinalIgnoreCase)));
            using var trial = new LoggerConfiguration().ReadFrom.Configuration(new ConfigurationBuilder().AddInMemoryCollection(keys).Build()).CreateLogger();
        }
        catch (Exception exception)
        {
            Refused(exception);
        }
    }
}
