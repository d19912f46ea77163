using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using BlazeGateway.Configuration.Reload;
using BlazeGateway.Observability;
using BlazeGateway.Policies;
using Yarp.ReverseProxy;

namespace BlazeGateway.Api;

/// <summary>The page at the admin root: what runs here, and how it fares. Plain HTML without script; every value is encoded.</summary>
internal sealed class StatusPage(AdminPorts ports, IProxyStateLookup proxy, TimeProvider time)
{
    private static readonly Lazy<string> Style = new(ReadStyle);
    private readonly long _started = time.GetTimestamp();

    public Task WriteAsync(HttpContext context) => AdminAnswers.HtmlAsync(context, Render());

    public static Task WriteStyleAsync(HttpContext context) => AdminAnswers.CssAsync(context, Style.Value);

    private string Render()
    {
        var page = new HtmlWriter();
        page.Raw("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>BlazeGateway</title>");
        page.Raw("<meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"status.css\"></head><body><main>");
        page.Element("h1", "BlazeGateway");
        Process(page);
        Configuration(page);
        Clusters(page);
        Routes(page);
        page.Raw("<nav><a href=\"metrics\">metrics</a> <a href=\"readyz?verbose\">readiness</a> <a href=\"api/v1/config\">configuration</a> <a href=\"api/v1/performance/loadbalancer\">load balancer</a></nav>");
        page.Raw("</main></body></html>");
        return page.ToString();
    }

    private void Process(HtmlWriter page)
    {
        page.Raw("<table>");
        page.Row("th", "td", "version", BuildVersion.Current);
        page.Row("th", "td", "runtime", RuntimeInformation.FrameworkDescription);
        page.Row("th", "td", "up for", Duration(time.GetElapsedTime(_started)));
        page.Row("th", "td", "listens on", string.Join(", ", ports.Listeners()));
        page.Row("th", "td", "state", ports.IsDraining() ? "stopping: no new traffic, please" : "serving");
        page.Raw("</table>");
    }

    private void Configuration(HtmlWriter page)
    {
        var report = ports.Configuration();
        page.Element("h2", "Configuration");
        page.Element("p", report switch
        {
            { IsApplied: false } => "No configuration is in effect yet.",
            { LastReloadSucceeded: false } => "The latest change was refused; the last good configuration stays in effect.",
            _ => "In effect" + (report.AppliedAt is { } at ? " since " + at.ToString("u", CultureInfo.InvariantCulture) : "") + ".",
        }, report.LastReloadSucceeded ? "good" : "bad");
        foreach (var error in report.Errors)
        {
            page.Element("pre", error);
        }

        if (report.NeedsRestart.Count > 0)
        {
            page.Element("p", $"Changed in the files, but in effect at the next start only: {StartKeys.Name(report.NeedsRestart)}.", "bad");
        }

        if (report.Sources.Count > 0)
        {
            page.Element("p", "Read from " + string.Join(", ", report.Sources));
        }
    }

    private void Clusters(HtmlWriter page)
    {
        page.Element("h2", "Clusters");
        foreach (var cluster in proxy.GetClusters().OrderBy(cluster => cluster.ClusterId, StringComparer.Ordinal))
        {
            page.Element("h3", cluster.ClusterId);
            var models = ports.Models(cluster.ClusterId);
            if (models.Count > 0)
            {
                page.Element("p", "Models: " + string.Join(", ", models.Order(StringComparer.Ordinal)));
            }

            page.Raw("<table>");
            page.Row("th", "th", "destination", "address", "state", "in flight");
            var state = cluster.DestinationsState;
            var reports = ports.Destinations(cluster).ToDictionary(report => report.Destination, StringComparer.OrdinalIgnoreCase);
            foreach (var destination in state.AllDestinations.OrderBy(destination => destination.DestinationId, StringComparer.Ordinal))
            {
                page.Row(
                    "td",
                    "td",
                    destination.DestinationId,
                    ShownAddress(destination.Model.Config.Address),
                    reports.TryGetValue(destination.DestinationId, out var report)
                        ? string.Create(CultureInfo.InvariantCulture, $"{report.State} since {report.Since:u}: {report.Why}{(report.Available ? "" : "; not available")}")
                        : state.AvailableDestinations.Contains(destination) ? "available" : "not available",
                    destination.ConcurrentRequestCount.ToString(CultureInfo.InvariantCulture));
            }

            page.Raw("</table>");
        }
    }

    private void Routes(HtmlWriter page)
    {
        page.Element("h2", "Routes");
        page.Raw("<table>");
        page.Row("th", "th", "route", "path", "cluster", "models");
        foreach (var route in proxy.GetRoutes().Select(route => route.Config).OrderBy(route => route.RouteId, StringComparer.Ordinal))
        {
            page.Row(
                "td",
                "td",
                route.RouteId,
                (route.Match.Hosts is { Count: > 0 } hosts ? string.Join(", ", hosts) : "") + route.Match.Path,
                route.ClusterId ?? "",
                string.Join(", ", ExtensionsCarrier.Read(route).Models.Keys));
        }

        page.Raw("</table>");
    }

    private static string ShownAddress(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) ? uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped) : address;

    private static string Duration(TimeSpan time) => time.TotalDays >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalDays} d {time.Hours} h")
        : time.ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture);

    private static string ReadStyle()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("BlazeGateway.Api.status.css")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
