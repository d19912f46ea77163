using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using BlazeGateway.Configuration.Strict;

namespace BlazeGateway.CommandLine;

/// <summary>What is wrong with a command line: words no verb knows, options without a value, values against their rule.</summary>
internal static class CommandLineFaults
{
    private const string KeyRule = "A configuration key is written --Section:Key=value, for example --Admin:Url=http://127.0.0.1:8091.";

    /// <summary>One line for each; nothing when it is right or asks for help.</summary>
    public static IReadOnlyList<string> Of(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        if (parsed.Action is not null && parsed.Action != command.Action && parsed.Action is not ParseErrorAction)
        {
            return [];
        }

        var faults = new List<string>();
        if (parsed.UnmatchedTokens.FirstOrDefault(word => command.TreatUnmatchedTokensAsErrors || !KeyOverrides.IsKey(word)) is { } unknown)
        {
            faults.Add(Unknown(parsed.CommandResult, unknown));
        }

        faults.AddRange(parsed.Errors.Where(error => !parsed.UnmatchedTokens.Any(word => error.Message.Contains($"'{word}'", StringComparison.Ordinal))).Select(Shown));
        if (faults.Count > 0)
        {
            faults.Add($"'{Words(parsed.CommandResult)} --help' lists what there is.");
        }

        return faults;
    }

    private static string Unknown(CommandResult result, string word)
    {
        var command = result.Command;
        var known = command.Subcommands.Where(static verb => !verb.Hidden).Select(static verb => verb.Name)
            .Concat(command.Options.Where(static option => !option.Hidden).Select(static option => option.Name)).ToDictionary(Bare, StringComparer.OrdinalIgnoreCase);
        var meant = Spelling.Nearest(Bare(word), known.Keys) is { } nearest ? $"; did you mean '{known[nearest]}'?" : ".";
        var what = command.Subcommands.Count > 0 ? "a verb or an option" : "an option";
        var shown = word.Length <= 100 ? word : word[..100] + "…";
        return !KeyOverrides.IsKey(word)
            ? $"'{shown}' is not {what} of '{Words(result)}'{meant}{(command.TreatUnmatchedTokensAsErrors || !word.Contains(':', StringComparison.Ordinal) ? "" : " " + KeyRule)}"
            : $"'{shown}' is a configuration key, which '{Words(result)}' does not take; 'blaze run' does. Write it into a file or a variable instead.";
    }

    private static string Bare(string word) => word.Split('=')[0].TrimStart('-');

    // The library names the option only in some of its messages, and breaks lines.
    private static string Shown(ParseError error)
    {
        var message = string.Join(' ', error.Message.Split((char[])[' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries));
        return error.SymbolResult is OptionResult { Option: var option } && !message.Contains(option.Name, StringComparison.Ordinal) ? $"{option.Name}: {message}" : message;
    }

    private static string Words(SymbolResult? result) => result switch
    {
        CommandResult { Command: RootCommand } or null => "blaze",
        CommandResult { Command: var command } => $"{Words(result.Parent)} {command.Name}",
        _ => Words(result.Parent),
    };
}
