using System.Runtime.InteropServices;
using BlazeGateway.CommandLine.Doctor;
using BlazeGateway.Hosting.Supervision;

namespace BlazeGateway.Tests.Hosting.Supervision;

public class RuntimeFloorTests
{
    [Theory]
    [InlineData(".NET 9.0.11", false)]
    [InlineData(".NET 10.0.0-preview.7.25380.108", false)]
    [InlineData(".NET 10.0.0-rc.1.25451.107", false)]
    [InlineData(".NET 10.0.0-rc.2.25502.107", false)]
    [InlineData(".NET 10.0.0", true)]
    [InlineData(".NET 10.0.1", true)]
    [InlineData(".NET 11.0.0-preview.1.26055.101", true)]
    [InlineData("something else", false)]
    public void A_runtime_is_safe_from_the_floor_on(string description, bool isSafe)
    {
        var fault = RuntimeFloor.Fault(description);
        Assert.Equal(isSafe, fault is null);
        var finding = MachineCheck.Runtime(description);
        Assert.Equal(isSafe ? Verdict.Ok : Verdict.Warn, finding.Verdict);
        Assert.Equal(isSafe ? null : "install the latest .NET 10.0 runtime", finding.Fix);
        Assert.True(isSafe || fault!.Contains("CVE-2025-55315", StringComparison.Ordinal));
    }

    [Fact]
    public void The_runtime_of_the_tests_is_safe() => Assert.Null(RuntimeFloor.Fault(RuntimeInformation.FrameworkDescription));
}
