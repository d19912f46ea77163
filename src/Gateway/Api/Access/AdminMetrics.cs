using System.Collections.Frozen;
using Prometheus;

namespace BlazeGateway.Api.Access;

/// <summary>Metrics of the admin plane.</summary>
internal sealed class AdminMetrics
{
    private readonly FrozenDictionary<string, Counter.Child> _refused;

    public AdminMetrics(CollectorRegistry registry)
    {
        var refused = Metrics.WithCustomRegistry(registry).CreateCounter("blaze_admin_refusals_total", "Requests the admin plane turned away, by reason.", "reason");
        _refused = AdminError.All.Where(static error => error.IsRefusal).ToFrozenDictionary(static error => error.Code, error => refused.WithLabels(error.Code));
    }

    public void Refused(AdminError error) => _refused[error.Code].Inc();
}
