using System.Collections;
using System.CommandLine;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text;
using BlazeGateway.Api.Access;
using BlazeGateway.CommandLine;
using BlazeGateway.Configuration.Options;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Demo.ModelServer.Faults;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Inference;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace BlazeGateway.EndToEnd.Readme;

/// <summary>The reference pages say what the code does: no key, error, metric or option is missing, left over or told wrong.</summary>
public sealed class ReferenceTests
{
    [Theory]
    [InlineData("## Process", typeof(ProcessOptions))]
    [InlineData("## Route", typeof(RouteExtensions))]
    [InlineData("## Cluster", typeof(ClusterExtensions))]
    public void Every_key_is_described_with_its_default_and_range(string section, Type type)
    {
        var expected = new List<string>();
        Describe(type, "", expected);
        var told = MarkdownPage.Read("docs/reference/configuration.md").Rows(section).Select(row => $"{row[0]} {row[1]} {row[2]}");

        Assert.Equal(expected.Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_error_is_described()
    {
        var told = MarkdownPage.Read("docs/reference/errors.md").Rows("## Codes").Select(row => string.Join(' ', row.Take(4)));

        Assert.Equal(
            GatewayError.All.Select(error => $"`{error.Code}` {error.Status} `{error.Type}` `{error.AnthropicType}`"), told, StringComparer.Ordinal);
    }

    [Fact]
    public void Every_error_of_the_admin_address_is_described()
    {
        var told = MarkdownPage.Read("docs/reference/errors.md").Rows("## Admin address").Select(row => string.Join(' ', row.Take(2)));

        Assert.Equal(AdminError.All.Select(error => $"`{error.Code}` {error.Status}"), told, StringComparer.Ordinal);
    }

    /// <summary>A page that is not in the table, or stands there with another role, is told wrong to whoever sets up tokens.</summary>
    [Fact]
    public async Task Every_page_of_the_admin_address_is_described_with_its_role()
    {
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([new Uri("http://127.0.0.1:9")]));
        var mapped = gateway.Host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(endpoint => (Endpoint: endpoint, endpoint.Metadata.GetMetadata<RequiredRole>()?.Role))
            .Where(pair => pair.Role is not null)
            .Select(pair => $"{pair.Endpoint.RoutePattern.RawText} {pair.Endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0]} "
                + (pair.Role == AdminRole.Anyone ? "" : pair.Role.ToString()!.ToLowerInvariant()));
        var told = MarkdownPage.Read("docs/admin.md").Rows("## Pages").SelectMany(row => row[0].Split(", ").Select(path => $"{path.Trim('`')} {row[1]} {row[2]}"));

        Assert.Equal(mapped.Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_metric_is_described()
    {
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        await using var gateway = await GatewayFixture.InFrontOfAsync(server);
        const string Body = """{"model":"demo-small","stream":true,"max_tokens":20,"messages":[{"role":"user","content":"Hello"}]}""";
        using var answer = await gateway.Proxy.PostAsync("/v1/chat/completions", new StringContent(Body, Encoding.UTF8, "application/json"));
        await answer.Content.ReadAsByteArrayAsync();

        var scrape = await gateway.Admin.GetStringAsync("/metrics");
        var exposed = scrape.Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(line => line["# TYPE ".Length..]).ToArray();
        var told = MarkdownPage.Read("docs/reference/metrics.md").Rows().Select(row => $"{row[0].Trim('`')} {row[1]}").ToArray();

        Assert.Equal(exposed.Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_verb_and_option_is_described()
    {
        var page = MarkdownPage.Read("docs/reference/cli.md");
        var verbs = Leaves(BlazeCommands.Create(), "").ToArray();

        Assert.Equal(
            verbs.Select(verb => $"## {verb.Name}").Order(StringComparer.Ordinal),
            page.Prose.Where(line => line.StartsWith("## ", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.All(verbs, verb => Assert.Equal(
            verb.Command.Options.Where(option => !option.Hidden && option.Name is not ("--help" or "--version")).Select(option => option.Name).Order(StringComparer.Ordinal),
            page.Rows($"## {verb.Name}").Select(row => row[0].Trim('`')).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void Every_fault_example_can_be_read()
    {
        var plans = MarkdownPage.Read("docs/reference/model-server.md").Rows("## Faults").Select(row => row[0].Trim('`')).ToArray();

        Assert.Equal(Enum.GetValues<FaultKind>(), plans.SelectMany(plan => FaultPlan.Parse(plan).Rules).Select(rule => rule.Kind).Distinct().Order());
    }

    private static IEnumerable<(string Name, Command Command)> Leaves(Command command, string prefix) =>
        from verb in command.Subcommands
        where !verb.Hidden
        let name = prefix + verb.Name
        from leaf in verb.Subcommands.Count == 0 ? [(name, verb)] : Leaves(verb, name + " ")
        select leaf;

    private static void Describe(Type type, string prefix, List<string> rows)
    {
        var defaults = Activator.CreateInstance(type);
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.SetMethod is not null))
        {
            var name = prefix + property.Name;
            var inner = property.PropertyType;
            if (IsOurs(inner))
            {
                Describe(inner, name + ":", rows);
            }
            else if (inner.IsGenericType && inner.GetGenericTypeDefinition() == typeof(Dictionary<,>) && IsOurs(inner.GetGenericArguments()[1]))
            {
                Describe(inner.GetGenericArguments()[1], name + ":NAME:", rows);
            }
            else
            {
                var range = property.GetCustomAttribute<RangeAttribute>();
                rows.Add($"`{name}` {Shown(property.GetValue(defaults))} {(range is null ? "" : $"{Shown(range.Minimum)} to {Shown(range.Maximum)}")}");
            }
        }
    }

    private static bool IsOurs(Type type) => type.Namespace?.StartsWith("BlazeGateway", StringComparison.Ordinal) == true && type.IsClass;

    private static string Shown(object? value) => value switch
    {
        null => "none",
        "" => "empty",
        string text => $"`{text}`",
        bool flag => flag ? "`true`" : "`false`",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        ICollection { Count: 0 } => "empty",
        _ => throw new InvalidOperationException($"Nothing says how to show {value}."),
    };
}
