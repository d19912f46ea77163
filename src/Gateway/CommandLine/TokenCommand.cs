using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using BlazeGateway.Api.Access;
using BlazeGateway.Configuration.Checks;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze token new</c>: a token for the admin address, and what the configuration has to know of it.</summary>
internal static class TokenCommand
{
    private static readonly Option<string> Name = new("--name") { Description = "Who gets it, as the audit log calls them. Required.", Required = true };
    private static readonly Option<string> Role = new("--role") { Description = "viewer reads, operator also acts, admin also does what exposes data or settings.", DefaultValueFactory = static _ => "viewer" };
    private static readonly Option<string?> Expires = new("--expires") { Description = "When it ceases to be valid: days from now such as 90d, or a moment such as 2027-01-31T00:00:00Z. Default: never." };
    private static readonly Option<string> Format = ConfigurationArguments.Format();

    internal static Command Create()
    {
        Role.AcceptOnlyFromAmong("viewer", "operator", "admin");
        var make = new Command("new", "Prints a new token, this once, and the part of appsettings.json that lets it in.") { Name, Role, Expires, Format };
        make.SetAction(static parsed => Run(
            parsed.GetValue(Name)!, parsed.GetValue(Role)!, parsed.GetValue(Expires), parsed.GetValue(Format) == "json", TimeProvider.System, Console.Out, Console.Error));
        return new Command("token", "Makes tokens for the admin address.") { make };
    }

    /// <summary>Writes token and configuration to <paramref name="output"/>, words to <paramref name="remarks"/>, and returns the exit code.</summary>
    internal static int Run(string name, string role, string? expires, bool asJson, TimeProvider time, TextWriter output, TextWriter remarks)
    {
        if (ListenerCheck.NameFault(name) is { } fault)
        {
            remarks.WriteLine($"--name: {fault}");
            return ExitCodes.InvalidConfiguration;
        }

        var now = time.GetUtcNow();
        DateTimeOffset? end = null;
        if (expires is not null && ((end = Moment(expires, now)) is null || end <= now))
        {
            remarks.WriteLine($"--expires is '{expires}'; write days from now such as 90d (1 to 36500), or a moment to come with its zone such as 2027-01-31T00:00:00Z.");
            return ExitCodes.InvalidConfiguration;
        }

        var token = AdminTokenText.Create();
        var configuration = Configuration(name, AdminTokenText.HashOf(token), role, end);
        if (asJson)
        {
            output.WriteLine(new JsonObject { ["name"] = name, ["token"] = token, ["configuration"] = configuration }.ToJsonString(ConfigurationArguments.Json));
            return ExitCodes.Ok;
        }

        output.WriteLine(token);
        output.WriteLine(configuration.ToJsonString(ConfigurationArguments.Json));
        remarks.WriteLine($"""
            The first line is the token of '{name}'. It is shown this once and kept nowhere; what follows holds only its hash.
            Put that into appsettings.json (a file of secrets Admin__Tokens__{name}__Hash with the hash does too); a gateway that runs takes it within a second.
            Send it as 'Authorization: Bearer TOKEN', or set BLAZE_ADMIN_TOKEN for blaze.
            """);
        return ExitCodes.Ok;
    }

    private static JsonObject Configuration(string name, byte[] hash, string role, DateTimeOffset? expires)
    {
        var entry = new JsonObject { ["Hash"] = Convert.ToHexStringLower(hash), ["Role"] = role };
        if (expires is { } moment)
        {
            entry["Expires"] = moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        }

        return new JsonObject { ["Admin"] = new JsonObject { ["Tokens"] = new JsonObject { [name] = entry } } };
    }

    private static DateTimeOffset? Moment(string text, DateTimeOffset now)
    {
        if (text.EndsWith('d') && int.TryParse(text.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var days))
        {
            return days is >= 1 and <= 36_500 ? now.AddDays(days) : null;
        }

        return DateTimeOffset.TryParseExact(
            text, ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:sszzz"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var moment) && text.Length > "2027-01-31T00:00:00".Length
                ? moment
                : null;
    }
}
