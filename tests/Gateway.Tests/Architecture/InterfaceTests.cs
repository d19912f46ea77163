using BlazeGateway.CommandLine;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Profiling.Snapshots;

namespace BlazeGateway.Tests.Architecture;

public class InterfaceTests
{
    /// <summary>Interfaces with fewer than two implementations that are there so that a lower room can call a higher one.</summary>
    private static readonly string[] Ports = ["IAccessLog", "IAvailability"];

    internal static IEnumerable<string> Idle(IReadOnlyCollection<Type> types, IReadOnlyCollection<string> ports) =>
        from contract in types
        where contract.IsInterface && !ports.Contains(contract.Name, StringComparer.Ordinal)
        let count = types.Count(type => type is { IsInterface: false, IsAbstract: false } && Implements(type, contract))
        where count < 2
        select $"{contract.FullName} has {count} implementation(s) and is no named port";

    private static bool Implements(Type type, Type contract) =>
        type.GetInterfaces().Any(other => other == contract || (other.IsGenericType && other.GetGenericTypeDefinition() == contract));

    [Fact]
    public void An_interface_has_two_implementations_or_is_a_port()
    {
        Type[] types = [.. typeof(BlazeCommands).Assembly.GetTypes(), .. typeof(AccessRecord).Assembly.GetTypes(), .. typeof(MachineLimits).Assembly.GetTypes()];
        Breaches.AssertNone(Idle(types, Ports));
    }

    [Fact]
    public void An_idle_interface_is_found()
    {
        Assert.Single(Idle([typeof(ILonely), typeof(OnlyChild)], []));
        Assert.Empty(Idle([typeof(ILonely), typeof(OnlyChild)], [nameof(ILonely)]));
        Assert.Empty(Idle([typeof(ILonely), typeof(OnlyChild), typeof(SecondChild)], []));
    }

    private interface ILonely;

    private sealed class OnlyChild : ILonely;

    private sealed class SecondChild : ILonely;
}
